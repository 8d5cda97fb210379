package plan

import (
	"fmt"

	"example.org/retention/snapshot"
)

// OverQuota says that what must be kept is larger than the quota.
type OverQuota struct {
	Kept, Quota int64 // bytes
}

func (e *OverQuota) Error() string {
	return fmt.Sprintf("%s must be kept, the quota is %s",
		snapshot.FormatSize(e.Kept), snapshot.FormatSize(e.Quota))
}

// fitQuota gives up the oldest snapshots until the others fit.
func (d *draft) fitQuota() error {
	if d.policy.Quota == 0 {
		return nil
	}
	kept := d.keptBytes()
	for _, s := range d.catalogue.All() {
		if kept <= d.policy.Quota {
			return nil
		}
		if d.kept(s.ID) && !d.indispensable(s) {
			d.giveUp(s)
			kept = d.keptBytes()
		}
	}
	if kept > d.policy.Quota {
		return &OverQuota{kept, d.policy.Quota}
	}
	return nil
}

func (d *draft) keptBytes() int64 {
	var bytes int64
	for _, s := range d.catalogue.All() {
		if d.kept(s.ID) {
			bytes += s.Size
		}
	}
	return bytes
}

// indispensable reports whether a snapshot, or one that cannot be restored
// without it, stays whatever the quota says.
func (d *draft) indispensable(s snapshot.Snapshot) bool {
	if len(d.fixed(s)) > 0 {
		return true
	}
	for _, below := range d.catalogue.Descendants(s.ID) {
		if len(d.fixed(below)) > 0 {
			return true
		}
	}
	return false
}

// giveUp drops a snapshot with all that needs it.
func (d *draft) giveUp(s snapshot.Snapshot) {
	for _, each := range append(d.catalogue.Descendants(s.ID), s) {
		delete(d.reasons, each.ID)
		d.forget(each.Parent, "needed by "+each.ID)
	}
}

func (d *draft) forget(id, reason string) {
	var left []string
	for _, each := range d.reasons[id] {
		if each != reason {
			left = append(left, each)
		}
	}
	d.reasons[id] = left
}
