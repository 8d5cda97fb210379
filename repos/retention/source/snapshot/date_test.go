package snapshot

import (
	"testing"
	"time"
)

func TestDatesAreReadAndWrittenAsTheyStand(t *testing.T) {
	for _, text := range []string{"2024-02-29", "1999-12-31", "2024-06-30"} {
		date, err := ParseDate(text)
		if err != nil || date.String() != text {
			t.Errorf("%s became %s, %v", text, date, err)
		}
	}
	for _, text := range []string{"", "2023-02-29", "2024-6-30", "30.06.2024"} {
		if date, err := ParseDate(text); err == nil {
			t.Errorf("%q became %s", text, date)
		}
	}
}

func TestDateOfIsWhatTheClockShows(t *testing.T) {
	late := time.Date(2024, 6, 30, 23, 30, 0, 0, time.UTC)
	if got := DateOf(late).String(); got != "2024-06-30" {
		t.Errorf("got %s", got)
	}
	if got := DateOf(late.In(time.FixedZone("", 3600))).String(); got != "2024-07-01" {
		t.Errorf("got %s", got)
	}
}
