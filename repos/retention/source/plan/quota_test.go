package plan

import (
	"errors"
	"testing"
)

func TestOldestGoFirst(t *testing.T) {
	c := catalogue(t, "a 2024-05-01T01:00:00Z full 5GiB", "b 2024-05-02T01:00:00Z full 5GiB pin",
		"c 2024-05-03T01:00:00Z full 5GiB", "d 2024-05-04T01:00:00Z full 5GiB")
	for quota, want := range map[string]string{"20GiB": "a b c d", "19GiB": "b c d", "10GiB": "b d"} {
		made, err := Make(c, rules(t, "daily all", "quota "+quota), now)
		if got := kept(made); err != nil || got != want {
			t.Errorf("%s: kept %s, %v, want %s", quota, got, err, want)
		}
	}
}

func TestWhatNeedsItGoesAlong(t *testing.T) {
	c := catalogue(t, "a 2024-05-01T01:00:00Z full 5GiB", "b 2024-05-02T01:00:00Z incr 1GiB parent=a",
		"c 2024-05-03T01:00:00Z full 5GiB", "d 2024-05-04T01:00:00Z incr 1GiB parent=b",
		"e 2024-05-05T01:00:00Z incr 1GiB parent=c")
	made, err := Make(c, rules(t, "daily all", "quota 12GiB"), now)
	if got := kept(made); err != nil || got != "c e" {
		t.Errorf("kept %s, %v", got, err)
	}
	if made.Freed() != 7<<30 {
		t.Errorf("freed %d", made.Freed())
	}
}

func TestAFullOneThatAPinnedOneNeedsStays(t *testing.T) {
	c := catalogue(t, "a 2024-05-01T01:00:00Z full 5GiB", "b 2024-05-02T01:00:00Z incr 1GiB parent=a",
		"c 2024-05-03T01:00:00Z incr 1GiB parent=a pin", "d 2024-05-04T01:00:00Z full 1GiB")
	made, err := Make(c, rules(t, "daily all", "quota 7GiB"), now)
	if got := kept(made); err != nil || got != "a c d" {
		t.Errorf("kept %s, %v", got, err)
	}
	if got := reasons(made, "a"); got != "daily 2024-05-01, needed by c" {
		t.Errorf("a is kept: %s", got)
	}
}

func TestTooMuchMustBeKept(t *testing.T) {
	c := catalogue(t, "a 2024-05-01T01:00:00Z full 5GiB pin", "b 2024-05-02T01:00:00Z full 5GiB",
		"c 2024-05-03T01:00:00Z full 5GiB")
	made, err := Make(c, rules(t, "daily all", "quota 8GiB"), now)
	var over *OverQuota
	if !errors.As(err, &over) || over.Kept != 10<<30 || over.Quota != 8<<30 {
		t.Errorf("got %v", err)
	}
	if got := kept(made); got != "a c" {
		t.Errorf("kept %s", got)
	}
}
