package snapshot

import "testing"

func TestSizes(t *testing.T) {
	for text, bytes := range map[string]int64{
		"0B": 0, "512B": 512, "1KiB": 1024, "1.5KiB": 1536, "310MiB": 310 << 20, "12.5GiB": 25 << 29, "2TiB": 2 << 40,
	} {
		if got, err := ParseSize(text); err != nil || got != bytes {
			t.Errorf("ParseSize(%q) = %d, %v, want %d", text, got, err, bytes)
		}
		if got := FormatSize(bytes); got != text {
			t.Errorf("FormatSize(%d) = %q, want %q", bytes, got, text)
		}
	}
}

func TestSizesThatAreNone(t *testing.T) {
	for _, text := range []string{"", "12", "B", "-1B", "1GB", "1.2.3KiB", "NaNB", "InfB", "9000000TiB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d", text, got)
		}
	}
}

func TestFormatSizeIsExact(t *testing.T) {
	for _, bytes := range []int64{1, 1023, 1025, 1<<20 + 1, 1<<30 - 1, 3<<30 + 7} {
		if got, err := ParseSize(FormatSize(bytes)); err != nil || got != bytes {
			t.Errorf("%d became %s", bytes, FormatSize(bytes))
		}
	}
}
