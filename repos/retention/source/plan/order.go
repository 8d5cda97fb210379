package plan

import (
	"sort"
	"time"

	"example.org/retention/snapshot"
)

// Deletions returns what is to be deleted, in an order in which that can stop
// anywhere: what needs a snapshot goes before it, else the oldest go first.
func (p *Plan) Deletions() []snapshot.Snapshot {
	var order []snapshot.Snapshot
	done := map[string]bool{}
	var visit func(s snapshot.Snapshot)
	visit = func(s snapshot.Snapshot) {
		if done[s.ID] {
			return
		}
		done[s.ID] = true
		for _, child := range p.catalogue.Children(s.ID) {
			visit(child)
		}
		order = append(order, s)
	}
	for _, decision := range p.Decisions {
		if !decision.Kept() {
			visit(decision.Snapshot)
		}
	}
	return order
}

// Freed is the number of bytes that the deletions free.
func (p *Plan) Freed() int64 {
	var bytes int64
	for _, decision := range p.Decisions {
		if !decision.Kept() {
			bytes += decision.Snapshot.Size
		}
	}
	return bytes
}

// NextRelease is the moment at which the next hold ends, in the given zone;
// false when nothing is held any more.
func NextRelease(c *snapshot.Catalogue, zone *time.Location, now time.Time) (time.Time, bool) {
	var ends []time.Time
	for _, s := range c.All() {
		if s.Held(now, zone) {
			ends = append(ends, s.Hold.End(zone))
		}
	}
	if len(ends) == 0 {
		return time.Time{}, false
	}
	sort.Slice(ends, func(i, j int) bool { return ends[i].Before(ends[j]) })
	return ends[0], true
}
