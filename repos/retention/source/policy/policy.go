package policy

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"example.org/retention/snapshot"
)

// All is the count of a rule that keeps one snapshot of every period.
const All = math.MaxInt

// Rule keeps the newest snapshot of each of the latest periods.
type Rule struct {
	Period Period
	Count  int
}

// Policy says what is to be kept.
type Policy struct {
	Zone   *time.Location // never nil once parsed
	Within time.Duration  // 0 for none
	Rules  []Rule         // the shortest period first
	Quota  int64          // bytes; 0 for none
}

// Parse reads a policy, one setting a line.
func Parse(text string) (Policy, error) {
	p := Policy{Zone: time.UTC}
	counts := map[Period]int{}
	seen := map[string]bool{}
	for number, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return Policy{}, fmt.Errorf("line %d: a name and a value are needed", number+1)
		}
		if seen[fields[0]] {
			return Policy{}, fmt.Errorf("line %d: %s is there twice", number+1, fields[0])
		}
		seen[fields[0]] = true
		if err := p.set(fields[0], fields[1], counts); err != nil {
			return Policy{}, fmt.Errorf("line %d: %w", number+1, err)
		}
	}
	for _, period := range Periods {
		if count := counts[period]; count > 0 {
			p.Rules = append(p.Rules, Rule{period, count})
		}
	}
	if len(p.Rules) == 0 && p.Within == 0 {
		return Policy{}, errors.New("the policy keeps nothing; give within or a period")
	}
	return p, nil
}

func (p *Policy) set(name, value string, counts map[Period]int) (err error) {
	switch name {
	case "zone":
		p.Zone, err = parseZone(value)
	case "within":
		p.Within, err = parseAge(value)
	case "quota":
		p.Quota, err = snapshot.ParseSize(value)
	default:
		counts[Period(name)], err = parseCount(name, value)
	}
	return err
}

func parseCount(name, value string) (int, error) {
	known := false
	for _, period := range Periods {
		known = known || name == string(period)
	}
	if !known {
		return 0, fmt.Errorf("%q is unknown", name)
	}
	if value == "all" {
		return All, nil
	}
	count, err := strconv.Atoi(value)
	if err != nil || count < 0 {
		return 0, fmt.Errorf("%q is no count; use a number or all", value)
	}
	return count, nil
}

func parseZone(value string) (*time.Location, error) {
	t, err := time.Parse("-07:00", value)
	if err != nil {
		return nil, fmt.Errorf("%q is no zone; write it as in +02:00", value)
	}
	_, offset := t.Zone()
	return time.FixedZone(value, offset), nil
}

var ages = map[byte]time.Duration{'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}

func parseAge(value string) (time.Duration, error) {
	unit, known := ages[value[len(value)-1]]
	count, err := strconv.Atoi(value[:len(value)-1])
	if !known || err != nil || count <= 0 || count > int(math.MaxInt64/unit) {
		return 0, fmt.Errorf("%q is no age; write it as in 48h, 7d or 2w", value)
	}
	return time.Duration(count) * unit, nil
}
