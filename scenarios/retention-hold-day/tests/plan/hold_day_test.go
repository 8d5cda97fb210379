package plan

import (
	"strings"
	"testing"
	"time"

	"example.org/retention/snapshot"
)

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	found, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func heldAt(t *testing.T, zone, text string) bool {
	t.Helper()
	c := catalogue(t, "a 2024-04-01T01:00:00Z full 1B hold=2024-05-31", "b 2024-05-01T01:00:00Z full 1B")
	made, err := Make(c, rules(t, "daily 1", "zone "+zone), moment(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return kept(made) == "a b"
}

func TestHoldLastsThroughTheDayWestOfGreenwich(t *testing.T) {
	for text, want := range map[string]bool{
		"2024-05-31T12:00:00-05:00": true,
		"2024-05-31T23:59:59-05:00": true,
		"2024-06-01T00:00:00-05:00": false,
	} {
		if got := heldAt(t, "-05:00", text); got != want {
			t.Errorf("%s: held is %v", text, got)
		}
	}
}

func TestHoldEndsWithTheDayEastOfGreenwich(t *testing.T) {
	for text, want := range map[string]bool{
		"2024-05-31T23:59:59+09:00": true,
		"2024-06-01T00:00:00+09:00": false,
		"2024-06-01T08:59:59+09:00": false,
	} {
		if got := heldAt(t, "+09:00", text); got != want {
			t.Errorf("%s: held is %v", text, got)
		}
	}
}

func TestZoneOfTheClockDoesNotMatter(t *testing.T) {
	if !heldAt(t, "-05:00", "2024-06-01T04:59:59Z") || heldAt(t, "-05:00", "2024-06-01T14:00:00+09:00") {
		t.Error("the policy's zone decides")
	}
}

func TestReasonNamesTheDayThatWasWritten(t *testing.T) {
	c := catalogue(t, "a 2024-04-01T01:00:00Z full 1B hold=2024-05-31", "b 2024-05-01T01:00:00Z full 1B")
	for _, zone := range []string{"-11:00", "-05:00", "+00:00", "+09:00", "+14:00"} {
		made, _ := Make(c, rules(t, "daily 1", "zone "+zone), now)
		if got := reasons(made, "a"); got != "held until 2024-05-31" {
			t.Errorf("%s: a is kept: %s", zone, got)
		}
	}
}

func TestNextReleaseIsWhenTheDayEnds(t *testing.T) {
	c := catalogue(t, "a 2024-04-01T01:00:00Z full 1B hold=2024-05-31", "b 2024-04-02T01:00:00Z full 1B hold=2024-06-30")
	for text, offset := range map[string]int{"2024-06-01T00:00:00-05:00": -5, "2024-06-01T00:00:00+09:00": 9} {
		zone := time.FixedZone("", offset*3600)
		got, found := NextRelease(c, zone, now)
		if !found || !got.Equal(moment(t, text)) {
			t.Errorf("got %v, want %s", got, text)
		}
		got, found = NextRelease(c, zone, moment(t, text))
		if !found || got.In(zone).Format("2006-01-02 15:04") != "2024-07-01 00:00" {
			t.Errorf("after %s: got %v", text, got)
		}
	}
}

func TestReleaseAndPlanAgree(t *testing.T) {
	c := catalogue(t, "a 2024-04-01T01:00:00Z full 1B hold=2024-05-31", "b 2024-05-01T01:00:00Z full 1B")
	for _, zone := range []string{"-07:00", "+00:00", "+05:30"} {
		p := rules(t, "daily 1", "zone "+zone)
		end, _ := NextRelease(c, p.Zone, now)
		before, _ := Make(c, p, end.Add(-time.Second))
		after, _ := Make(c, p, end)
		if kept(before) != "a b" || kept(after) != "b" {
			t.Errorf("%s: %s before, %s after", zone, kept(before), kept(after))
		}
	}
}

func TestHoldIsWrittenAsItWasRead(t *testing.T) {
	line := "a 2024-04-01T01:00:00+09:00 full 1B hold=2024-05-31\n"
	var written strings.Builder
	if err := snapshot.Write(&written, catalogue(t, line)); err != nil || written.String() != line {
		t.Errorf("got %q, %v", written.String(), err)
	}
}
