package plan

import (
	"testing"
	"time"
)

func TestWeeksOfTheOldAndTheNewYearAreTwo(t *testing.T) {
	c := catalogue(t, "a 2024-01-03T01:00:00Z full 1B", "b 2024-06-05T01:00:00Z full 1B",
		"c 2024-12-27T01:00:00Z full 1B", "d 2024-12-31T01:00:00Z full 1B")
	made, _ := Make(c, rules(t, "weekly all"), time.Date(2025, 1, 10, 0, 0, 0, 0, time.UTC))
	if got := kept(made); got != "a b c d" {
		t.Errorf("kept %s", got)
	}
	if got := reasons(made, "d"); got != "newest, weekly 2025-W01" {
		t.Errorf("d is kept: %s", got)
	}
}

func TestOneWeekAcrossNewYearKeepsOne(t *testing.T) {
	for _, each := range []struct{ last, first, label string }{
		{"2020-12-30", "2021-01-02", "2020-W53"},
		{"2024-12-31", "2025-01-02", "2025-W01"},
		{"2026-12-31", "2027-01-03", "2026-W53"},
	} {
		c := catalogue(t, "a "+each.last+"T01:00:00Z full 1B", "b "+each.first+"T01:00:00Z full 1B")
		made, _ := Make(c, rules(t, "weekly 4"), now)
		if got := kept(made); got != "b" {
			t.Errorf("%s and %s: kept %s", each.last, each.first, got)
		}
		if got := reasons(made, "b"); got != "newest, weekly "+each.label {
			t.Errorf("%s is kept: %s", each.first, got)
		}
	}
}

func TestCountOfWeeksAcrossNewYear(t *testing.T) {
	c := catalogue(t, "a 2020-12-16T01:00:00Z full 1B", "b 2020-12-23T01:00:00Z full 1B",
		"c 2020-12-29T01:00:00Z full 1B", "d 2021-01-01T01:00:00Z full 1B", "e 2021-01-05T01:00:00Z full 1B")
	made, _ := Make(c, rules(t, "weekly 3"), time.Date(2021, 1, 6, 0, 0, 0, 0, time.UTC))
	if got := kept(made); got != "b d e" {
		t.Errorf("kept %s", got)
	}
}

func TestYearsAndMonthsAreThoseOfTheCalendar(t *testing.T) {
	c := catalogue(t, "a 2024-12-29T01:00:00Z full 1B", "b 2024-12-31T01:00:00Z full 1B", "c 2025-01-01T01:00:00Z full 1B")
	made, _ := Make(c, rules(t, "yearly all", "monthly all"), time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC))
	if got := reasons(made, "b"); got != "monthly 2024-12, yearly 2024" {
		t.Errorf("b is kept: %s", got)
	}
	if got := kept(made); got != "b c" {
		t.Errorf("kept %s", got)
	}
}

func TestNewYearInThePolicysZone(t *testing.T) {
	c := catalogue(t, "a 2024-12-29T20:00:00Z full 1B", "b 2024-12-29T23:30:00Z full 1B")
	made, _ := Make(c, rules(t, "weekly all", "zone +01:00"), time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC))
	if got := reasons(made, "a") + "; " + reasons(made, "b"); got != "weekly 2024-W52; newest, weekly 2025-W01" {
		t.Errorf("kept for %s", got)
	}
}
