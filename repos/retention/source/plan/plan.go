// Package plan decides which snapshots to keep.
package plan

import (
	"fmt"
	"time"

	"example.org/retention/policy"
	"example.org/retention/snapshot"
)

// Decision is what becomes of one snapshot.
type Decision struct {
	Snapshot snapshot.Snapshot
	Reasons  []string // why it is kept; empty when it is deleted
}

// Kept reports whether the snapshot stays.
func (d Decision) Kept() bool { return len(d.Reasons) > 0 }

// Plan is what becomes of a whole catalogue.
type Plan struct {
	Decisions []Decision // the oldest snapshot first
	catalogue *snapshot.Catalogue
}

// draft collects reasons while a plan is made.
type draft struct {
	catalogue *snapshot.Catalogue
	policy    policy.Policy
	now       time.Time
	reasons   map[string][]string
}

// Make decides. The plan is complete even when the error is an *OverQuota.
func Make(c *snapshot.Catalogue, p policy.Policy, now time.Time) (*Plan, error) {
	d := &draft{catalogue: c, policy: p, now: now, reasons: map[string][]string{}}
	d.keepFixed()
	d.keepYoung()
	for _, rule := range p.Rules {
		d.keepPeriods(rule)
	}
	d.keepNeeded()
	err := d.fitQuota()
	made := &Plan{catalogue: c}
	for _, s := range c.All() {
		made.Decisions = append(made.Decisions, Decision{s, d.reasons[s.ID]})
	}
	return made, err
}

func (d *draft) keep(s snapshot.Snapshot, reason string) {
	d.reasons[s.ID] = append(d.reasons[s.ID], reason)
}

func (d *draft) kept(id string) bool { return len(d.reasons[id]) > 0 }

// fixed says why a snapshot stays whatever the rules and the quota say.
func (d *draft) fixed(s snapshot.Snapshot) []string {
	var reasons []string
	if s.Pinned {
		reasons = append(reasons, "pinned")
	}
	if s.Held(d.now, d.policy.Zone) {
		reasons = append(reasons, "held until "+s.Hold.String())
	}
	if newest, _ := d.catalogue.Newest(); newest.ID == s.ID {
		reasons = append(reasons, "newest")
	}
	return reasons
}

func (d *draft) keepFixed() {
	for _, s := range d.catalogue.All() {
		for _, reason := range d.fixed(s) {
			d.keep(s, reason)
		}
	}
}

func (d *draft) keepYoung() {
	if d.policy.Within == 0 {
		return
	}
	oldest := d.now.Add(-d.policy.Within)
	for _, s := range d.catalogue.All() {
		if !s.Taken.Before(oldest) {
			d.keep(s, "young")
		}
	}
}

// keepPeriods keeps the newest snapshot of each of the latest periods that
// have one.
func (d *draft) keepPeriods(rule policy.Rule) {
	all := d.catalogue.All()
	seen := map[string]bool{}
	for place := len(all) - 1; place >= 0 && len(seen) < rule.Count; place-- {
		label := rule.Period.Label(all[place].Taken.In(d.policy.Zone))
		if !seen[label] {
			seen[label] = true
			d.keep(all[place], fmt.Sprintf("%s %s", rule.Period, label))
		}
	}
}

// keepNeeded keeps what the kept ones need to be restored.
func (d *draft) keepNeeded() {
	all := d.catalogue.All()
	for place := len(all) - 1; place >= 0; place-- { // children before their parents
		s := all[place]
		if parent, found := d.catalogue.Get(s.Parent); found && d.kept(s.ID) {
			d.keep(parent, "needed by "+s.ID)
		}
	}
}
