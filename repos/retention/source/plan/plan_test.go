package plan

import (
	"strings"
	"testing"
	"time"

	"example.org/retention/policy"
	"example.org/retention/snapshot"
)

var now = time.Date(2024, 5, 10, 12, 0, 0, 0, time.UTC)

func catalogue(t *testing.T, lines ...string) *snapshot.Catalogue {
	t.Helper()
	c, err := snapshot.Read(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func rules(t *testing.T, lines ...string) policy.Policy {
	t.Helper()
	p, err := policy.Parse(strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func kept(p *Plan) string {
	var ids []string
	for _, decision := range p.Decisions {
		if decision.Kept() {
			ids = append(ids, decision.Snapshot.ID)
		}
	}
	return strings.Join(ids, " ")
}

func reasons(p *Plan, id string) string {
	for _, decision := range p.Decisions {
		if decision.Snapshot.ID == id {
			return strings.Join(decision.Reasons, ", ")
		}
	}
	return "unknown"
}

func TestNewestOfEachDay(t *testing.T) {
	c := catalogue(t,
		"a 2024-05-01T01:00:00Z full 1B", "b 2024-05-01T23:00:00Z full 1B",
		"c 2024-05-07T01:00:00Z full 1B", "d 2024-05-07T02:00:00Z full 1B",
		"e 2024-05-09T01:00:00Z full 1B",
	)
	for _, each := range []struct{ rule, want string }{
		{"daily 1", "e"}, {"daily 2", "d e"}, {"daily 3", "b d e"}, {"daily all", "b d e"},
		{"hourly 2", "d e"}, {"weekly 2", "b e"}, {"monthly 5", "e"}, {"within 3d", "e"}, {"within 4d", "c d e"},
	} {
		made, err := Make(c, rules(t, each.rule), now)
		if err != nil {
			t.Fatal(err)
		}
		if got := kept(made); got != each.want {
			t.Errorf("%s: kept %s, want %s", each.rule, got, each.want)
		}
	}
}

func TestDaysBeginInThePolicysZone(t *testing.T) {
	c := catalogue(t, "a 2024-05-07T21:00:00Z full 1B", "b 2024-05-07T23:00:00Z full 1B", "c 2024-05-08T05:00:00Z full 1B")
	for zone, want := range map[string]string{"+00:00": "b c", "+02:00": "a c", "-06:00": "c"} {
		made, _ := Make(c, rules(t, "daily 5", "zone "+zone), now)
		if got := kept(made); got != want {
			t.Errorf("%s: kept %s, want %s", zone, got, want)
		}
	}
}

func TestAllReasonsAreTold(t *testing.T) {
	c := catalogue(t, "a 2024-04-30T01:00:00Z full 1B pin", "b 2024-05-10T01:00:00Z incr 1B parent=a")
	made, _ := Make(c, rules(t, "within 1d", "daily 1", "monthly 2"), now)
	if got, want := reasons(made, "a"), "pinned, monthly 2024-04, needed by b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := reasons(made, "b"), "newest, young, daily 2024-05-10, monthly 2024-05"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParentOfAKeptOneIsKept(t *testing.T) {
	c := catalogue(t, "a 2024-05-01T01:00:00Z full 1B", "b 2024-05-02T01:00:00Z incr 1B parent=a",
		"c 2024-05-03T01:00:00Z full 1B")
	made, _ := Make(c, rules(t, "daily 2"), now)
	if got := kept(made); got != "a b c" {
		t.Errorf("kept %s", got)
	}
	made, _ = Make(c, rules(t, "daily 1"), now)
	if got := kept(made); got != "c" {
		t.Errorf("kept %s", got)
	}
}

func TestAgeIsCountedToTheSecond(t *testing.T) {
	c := catalogue(t, "a 2024-05-08T11:59:59Z full 1B", "b 2024-05-08T12:00:00Z full 1B", "c 2024-05-10T12:00:00Z full 1B")
	made, _ := Make(c, rules(t, "within 48h"), now)
	if got := kept(made); got != "b c" {
		t.Errorf("kept %s", got)
	}
}

func TestNewestIsKeptHoweverOldItIs(t *testing.T) {
	made, _ := Make(catalogue(t, "a 2020-01-01T01:00:00Z full 1B"), rules(t, "within 1h"), now)
	if got := reasons(made, "a"); got != "newest" {
		t.Errorf("a is kept: %s", got)
	}
}

func TestNothingToPlan(t *testing.T) {
	made, err := Make(catalogue(t), rules(t, "daily 1", "quota 1B"), now)
	if err != nil || len(made.Decisions) != 0 || len(made.Deletions()) != 0 {
		t.Errorf("got %v, %v", made, err)
	}
}
