package snapshot

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

var units = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40},
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"B", 1},
}

// ParseSize reads a number of bytes as in 310MiB, 12.5GiB or 4096B. Parts of a
// byte are rounded to the nearest one.
func ParseSize(text string) (int64, error) {
	for _, unit := range units {
		if !strings.HasSuffix(text, unit.name) {
			continue
		}
		number, err := strconv.ParseFloat(strings.TrimSuffix(text, unit.name), 64)
		bytes := math.Round(number * float64(unit.bytes))
		if err != nil || !(number >= 0) || bytes >= math.MaxInt64 {
			break
		}
		return int64(bytes), nil
	}
	return 0, fmt.Errorf("%q is no size; write it as in 310MiB", text)
}

// FormatSize writes a size in the largest unit that shows it exactly with at
// most one decimal, so that ParseSize reads the same number of bytes.
func FormatSize(bytes int64) string {
	for _, unit := range units {
		if bytes < unit.bytes {
			continue
		}
		tenths := float64(bytes) / float64(unit.bytes) * 10
		if tenths != math.Trunc(tenths) {
			continue
		}
		text := strconv.FormatFloat(tenths/10, 'f', -1, 64) + unit.name
		if back, err := ParseSize(text); err == nil && back == bytes {
			return text
		}
	}
	return strconv.FormatInt(bytes, 10) + "B"
}
