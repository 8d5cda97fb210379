// Package snapshot describes backups and how they depend on each other.
package snapshot

import (
	"fmt"
	"sort"
	"time"
)

// Kind says whether a snapshot stands alone.
type Kind string

const (
	// Full snapshots can be restored by themselves.
	Full Kind = "full"
	// Incremental ones need their parent.
	Incremental Kind = "incr"
)

// Snapshot is one backup.
type Snapshot struct {
	ID     string
	Taken  time.Time
	Kind   Kind
	Size   int64 // bytes
	Parent string
	Pinned bool
	Hold   Date // the last day on which it must be kept; zero for none
}

// Held reports whether a hold keeps the snapshot at a moment, in a zone.
func (s Snapshot) Held(now time.Time, zone *time.Location) bool {
	return !s.Hold.IsZero() && now.Before(s.Hold.End(zone))
}

// Catalogue is a set of snapshots, the oldest first.
type Catalogue struct {
	snapshots []Snapshot
	places    map[string]int
}

// NewCatalogue sorts snapshots by the time they were taken, then by ID. It
// fails when IDs repeat, or when a snapshot could never be restored: a parent
// is missing, or is not older than its child.
func NewCatalogue(snapshots []Snapshot) (*Catalogue, error) {
	sorted := append([]Snapshot(nil), snapshots...)
	sort.SliceStable(sorted, func(i, j int) bool {
		if !sorted[i].Taken.Equal(sorted[j].Taken) {
			return sorted[i].Taken.Before(sorted[j].Taken)
		}
		return sorted[i].ID < sorted[j].ID
	})
	c := &Catalogue{snapshots: sorted, places: make(map[string]int, len(sorted))}
	for place, s := range sorted {
		if _, taken := c.places[s.ID]; taken {
			return nil, fmt.Errorf("snapshot %q is there twice", s.ID)
		}
		c.places[s.ID] = place
	}
	for _, s := range sorted {
		if err := c.check(s); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Catalogue) check(s Snapshot) error {
	if s.Kind == Full {
		if s.Parent != "" {
			return fmt.Errorf("snapshot %q is full and has a parent", s.ID)
		}
		return nil
	}
	parent, found := c.Get(s.Parent)
	if !found {
		return fmt.Errorf("snapshot %q: there is no parent %q", s.ID, s.Parent)
	}
	if !parent.Taken.Before(s.Taken) {
		return fmt.Errorf("snapshot %q is not younger than its parent %q", s.ID, s.Parent)
	}
	return nil
}

// Len is the number of snapshots.
func (c *Catalogue) Len() int { return len(c.snapshots) }

// All returns the snapshots, the oldest first.
func (c *Catalogue) All() []Snapshot {
	return append([]Snapshot(nil), c.snapshots...)
}

// Get finds a snapshot by its ID.
func (c *Catalogue) Get(id string) (Snapshot, bool) {
	place, found := c.places[id]
	if !found {
		return Snapshot{}, false
	}
	return c.snapshots[place], true
}

// Newest returns the youngest snapshot; false when there is none.
func (c *Catalogue) Newest() (Snapshot, bool) {
	if len(c.snapshots) == 0 {
		return Snapshot{}, false
	}
	return c.snapshots[len(c.snapshots)-1], true
}

// Children returns the snapshots that were taken against one.
func (c *Catalogue) Children(id string) []Snapshot {
	var children []Snapshot
	for _, s := range c.snapshots {
		if s.Kind == Incremental && s.Parent == id {
			children = append(children, s)
		}
	}
	return children
}

// Descendants returns all that cannot be restored without a snapshot: its
// children, their children, and so on, the oldest first.
func (c *Catalogue) Descendants(id string) []Snapshot {
	below := map[string]bool{id: true}
	var found []Snapshot
	for _, s := range c.snapshots { // parents are older than their children
		if s.Kind == Incremental && below[s.Parent] {
			below[s.ID] = true
			found = append(found, s)
		}
	}
	return found
}
