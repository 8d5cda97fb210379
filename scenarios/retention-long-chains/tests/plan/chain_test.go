package plan

import "testing"

var chain = []string{
	"full 2024-05-01T01:00:00Z full 5GiB",
	"one 2024-05-02T01:00:00Z incr 1GiB parent=full",
	"two 2024-05-03T01:00:00Z incr 1GiB parent=one",
	"three 2024-05-04T01:00:00Z incr 1GiB parent=two",
	"four 2024-05-05T01:00:00Z incr 1GiB parent=three",
}

func TestWholeChainOfTheNewestIsKept(t *testing.T) {
	made, err := Make(catalogue(t, chain...), rules(t, "daily 1"), now)
	if got := kept(made); err != nil || got != "full one two three four" {
		t.Errorf("kept %s, %v", got, err)
	}
	if got := deletions(made); got != "" {
		t.Errorf("deletes %s", got)
	}
	for id, want := range map[string]string{
		"full": "needed by one", "one": "needed by two", "three": "needed by four", "four": "newest, daily 2024-05-05",
	} {
		if got := reasons(made, id); got != want {
			t.Errorf("%s is kept: %s, want %s", id, got, want)
		}
	}
}

func TestChainOfAnOldPinnedOneIsKept(t *testing.T) {
	c := catalogue(t, chain[0], chain[1], chain[2], chain[3]+" pin", chain[4], "new 2024-05-09T01:00:00Z full 1GiB")
	made, _ := Make(c, rules(t, "daily 1"), now)
	if got := kept(made); got != "full one two three new" {
		t.Errorf("kept %s", got)
	}
	if got := deletions(made); got != "four" {
		t.Errorf("deletes %s", got)
	}
}

func TestBranchesMeetAndTheReasonIsToldOnce(t *testing.T) {
	c := catalogue(t, append(chain,
		"left 2024-05-06T01:00:00Z incr 1GiB parent=two pin",
		"right 2024-05-07T01:00:00Z incr 1GiB parent=two")...)
	made, _ := Make(c, rules(t, "daily 1"), now)
	if got := kept(made); got != "full one two left right" {
		t.Errorf("kept %s", got)
	}
	if got := reasons(made, "one"); got != "needed by two" {
		t.Errorf("one is kept: %s", got)
	}
	if got := reasons(made, "two"); got != "needed by right, needed by left" && got != "needed by left, needed by right" {
		t.Errorf("two is kept: %s", got)
	}
}

func TestQuotaCountsTheWholeChain(t *testing.T) {
	c := catalogue(t, append(chain, "next 2024-05-08T01:00:00Z full 5GiB", "last 2024-05-09T01:00:00Z incr 1GiB parent=next")...)
	made, err := Make(c, rules(t, "daily 3", "quota 14GiB"), now)
	if got := kept(made); err != nil || got != "next last" {
		t.Errorf("kept %s, %v", got, err)
	}
	made, err = Make(c, rules(t, "daily 3", "quota 15GiB"), now)
	if got := kept(made); err != nil || got != "full one two three four next last" {
		t.Errorf("kept %s, %v", got, err)
	}
}

func TestOtherChainsGoAsBefore(t *testing.T) {
	c := catalogue(t, append(chain, "next 2024-05-08T01:00:00Z full 5GiB")...)
	made, _ := Make(c, rules(t, "daily 1"), now)
	if got := kept(made); got != "next" {
		t.Errorf("kept %s", got)
	}
	if got := deletions(made); got != "four three two one full" {
		t.Errorf("deletes %s", got)
	}
}

func TestOnlyWhatIsAboveIsKept(t *testing.T) {
	c := catalogue(t, append(chain, "next 2024-05-08T01:00:00Z incr 1GiB parent=one")...)
	made, _ := Make(c, rules(t, "daily 1"), now)
	if got := kept(made); got != "full one next" {
		t.Errorf("kept %s", got)
	}
}
