package policy

import (
	"testing"
	"time"
)

func TestLabels(t *testing.T) {
	moment := time.Date(2024, 5, 6, 23, 30, 0, 0, time.UTC)
	for period, want := range map[Period]string{
		Hourly:  "2024-05-06 23h +0000",
		Daily:   "2024-05-06",
		Weekly:  "2024-W19",
		Monthly: "2024-05",
		Yearly:  "2024",
	} {
		if got := period.Label(moment); got != want {
			t.Errorf("%s: got %s, want %s", period, got, want)
		}
	}
}

func TestLabelsFollowTheZone(t *testing.T) {
	moment := time.Date(2024, 5, 5, 23, 30, 0, 0, time.UTC) // a Sunday
	if got := Weekly.Label(moment.In(time.FixedZone("", 7200))); got != "2024-W19" {
		t.Errorf("got %s", got)
	}
	if got := Weekly.Label(moment); got != "2024-W18" {
		t.Errorf("got %s", got)
	}
}

func TestWeeksAroundNewYear(t *testing.T) {
	for day, want := range map[string]string{
		"2021-01-03": "2020-W53",
		"2021-01-04": "2021-W01",
		"2024-12-29": "2024-W52",
		"2024-12-30": "2025-W01",
		"2027-01-01": "2026-W53",
	} {
		moment, err := time.Parse("2006-01-02", day)
		if err != nil {
			t.Fatal(err)
		}
		if got := Weekly.Label(moment); got != want {
			t.Errorf("%s: got %s, want %s", day, got, want)
		}
	}
}
