package plan

import (
	"os"
	"strings"
	"testing"
	"time"
)

func deletions(p *Plan) string {
	var ids []string
	for _, s := range p.Deletions() {
		ids = append(ids, s.ID)
	}
	return strings.Join(ids, " ")
}

func TestDeletionsCanStopAnywhere(t *testing.T) {
	c := catalogue(t, "a 2024-04-01T01:00:00Z full 1B", "b 2024-04-02T01:00:00Z incr 1B parent=a",
		"x 2024-04-02T02:00:00Z full 1B", "c 2024-04-03T01:00:00Z incr 1B parent=b",
		"d 2024-04-04T01:00:00Z incr 1B parent=a", "e 2024-05-09T01:00:00Z full 1B")
	made, _ := Make(c, rules(t, "daily 1"), now)
	if got := deletions(made); got != "c b d a x" {
		t.Errorf("got %s", got)
	}
}

func TestNextRelease(t *testing.T) {
	c := catalogue(t, "a 2024-04-01T01:00:00Z full 1B hold=2024-06-30", "b 2024-04-02T01:00:00Z full 1B hold=2024-05-31",
		"c 2024-04-03T01:00:00Z full 1B hold=2024-01-31")
	if got, found := NextRelease(c, time.UTC, now); !found || !got.Equal(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got %v, %v", got, found)
	}
	if _, found := NextRelease(c, time.UTC, now.AddDate(1, 0, 0)); found {
		t.Error("nothing is held in a year")
	}
}

func TestHoldKeeps(t *testing.T) {
	c := catalogue(t, "a 2024-04-01T01:00:00Z full 1B hold=2024-06-30", "b 2024-05-01T01:00:00Z full 1B")
	made, _ := Make(c, rules(t, "daily 1"), now)
	if got := reasons(made, "a"); got != "held until 2024-06-30" {
		t.Errorf("got %s", got)
	}
	made, _ = Make(c, rules(t, "daily 1"), now.AddDate(0, 3, 0))
	if got := deletions(made); got != "a" {
		t.Errorf("deletes %s", got)
	}
}

func TestHoldEndsWithADayOfThePolicysZone(t *testing.T) {
	c := catalogue(t, "a 2024-04-01T01:00:00Z full 1B hold=2024-06-30", "b 2024-05-01T01:00:00Z full 1B")
	p := rules(t, "daily 1", "zone +09:00")
	for moment, want := range map[time.Time]string{
		time.Date(2024, 6, 30, 14, 59, 59, 0, time.UTC): "",
		time.Date(2024, 6, 30, 15, 0, 0, 0, time.UTC):   "a",
	} {
		made, _ := Make(c, p, moment)
		if got := deletions(made); got != want {
			t.Errorf("%v: deletes %q, want %q", moment, got, want)
		}
	}
}

func TestFreedIsWhatTheDeletionsHold(t *testing.T) {
	c := catalogue(t, "a 2024-04-01T01:00:00Z full 3B", "b 2024-04-02T01:00:00Z incr 4B parent=a",
		"c 2024-05-01T01:00:00Z full 5B")
	made, _ := Make(c, rules(t, "daily 1"), now)
	if got := made.Freed(); got != 7 {
		t.Errorf("freed %d", got)
	}
}

func ExampleTable() {
	c := catalogue(new(testing.T), "mon 2024-05-06T22:30:00Z full 12.5GiB", "tue 2024-05-07T01:00:00Z full 1GiB")
	made, _ := Make(c, rules(new(testing.T), "daily 1"), now)
	_ = Table(os.Stdout, made, time.FixedZone("", 7200))
	// Output:
	// mon    2024-05-07 00:30  12.5GiB  delete
	// tue    2024-05-07 03:00  1GiB     newest, daily 2024-05-07
	// freed                    12.5GiB
}
