package abi

var statusNames = [...]string{"ok", "config", "too-long", "order", "unknown-ask", "argument"}

// String returns the status's name, and "unknown" for another number.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown"
}

// Statuses returns every status, in the order of their numbers.
func Statuses() []Status {
	all := make([]Status, len(statusNames))
	for i := range all {
		all[i] = Status(i)
	}
	return all
}
