package snapshot

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const week = `
# the first week of May
mon 2024-05-06T01:00:00Z full 12.5GiB
tue 2024-05-07T01:00:00Z incr 310MiB parent=mon   # small
wed 2024-05-08T03:00:00+02:00 incr 1GiB parent=tue pin
old 2024-03-31T22:00:00Z full 9GiB hold=2024-06-30
`

func read(t *testing.T, text string) *Catalogue {
	t.Helper()
	c, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ids(snapshots []Snapshot) string {
	var found []string
	for _, s := range snapshots {
		found = append(found, s.ID)
	}
	return strings.Join(found, " ")
}

func TestReadSortsByTime(t *testing.T) {
	c := read(t, week)
	if got := ids(c.All()); got != "old mon tue wed" {
		t.Errorf("got %s", got)
	}
	wed, found := c.Get("wed")
	if !found || !wed.Pinned || wed.Parent != "tue" || wed.Size != 1<<30 {
		t.Errorf("got %+v", wed)
	}
	if !wed.Taken.Equal(time.Date(2024, 5, 8, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("taken %v", wed.Taken)
	}
	if newest, _ := c.Newest(); newest.ID != "wed" {
		t.Errorf("newest is %s", newest.ID)
	}
}

func TestWriteIsReadAgain(t *testing.T) {
	var first, second strings.Builder
	if err := Write(&first, read(t, week)); err != nil {
		t.Fatal(err)
	}
	if err := Write(&second, read(t, first.String())); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Errorf("%s\nbecame\n%s", first.String(), second.String())
	}
	if !strings.Contains(first.String(), "old 2024-03-31T22:00:00Z full 9GiB hold=2024-06-30\n") {
		t.Errorf("got %s", first.String())
	}
}

func TestWrongLines(t *testing.T) {
	for text, said := range map[string]string{
		"mon 2024-05-06T01:00:00Z full":                     "line 1: an id, a time, a kind and a size",
		"\nmon 2024-05-06 full 1B":                          "line 2: \"2024-05-06\" is no time",
		"mon 2024-05-06T01:00:00Z half 1B":                  "is no kind",
		"mon 2024-05-06T01:00:00Z full big":                 "is no size",
		"mon 2024-05-06T01:00:00Z full 1B hold=tomorrow":    "is no date",
		"mon 2024-05-06T01:00:00Z full 1B keep":             "\"keep\" is unknown",
		"mon 2024-05-06T01:00:00Z full 1B parent=tue":       "is full and has a parent",
		"mon 2024-05-06T01:00:00Z incr 1B parent=sun":       "there is no parent \"sun\"",
		"mon 2024-05-06T01:00:00Z incr 1B parent=mon":       "is not younger",
		week + "\nmon 2024-05-09T01:00:00Z full 1B # again": "is there twice",
	} {
		_, err := Read(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%q: got %v, want %s", text, err, said)
		}
	}
	var line *LineError
	if _, err := Read(strings.NewReader("# one\nmon")); !errors.As(err, &line) || line.Line != 2 {
		t.Errorf("got %v", err)
	}
}

func TestCatalogueKeepsItsSnapshotsToItself(t *testing.T) {
	c := read(t, week)
	c.All()[0].ID = "changed"
	if got := ids(c.All()); got != "old mon tue wed" || c.Len() != 4 {
		t.Errorf("got %s", got)
	}
}

func TestEmptyCatalogue(t *testing.T) {
	c := read(t, "# nothing yet\n")
	if newest, found := c.Newest(); found || c.Len() != 0 {
		t.Errorf("got %+v", newest)
	}
}

func TestFamily(t *testing.T) {
	c := read(t, week+"thu 2024-05-09T01:00:00Z incr 1B parent=mon\n")
	for name, found := range map[string]struct{ got, want string }{
		"children":       {ids(c.Children("mon")), "tue thu"},
		"descendants":    {ids(c.Descendants("mon")), "tue wed thu"},
		"below the last": {ids(c.Descendants("wed")), ""},
		"unknown":        {ids(c.Descendants("sun")), ""},
	} {
		if found.got != found.want {
			t.Errorf("%s: got %q, want %q", name, found.got, found.want)
		}
	}
}
