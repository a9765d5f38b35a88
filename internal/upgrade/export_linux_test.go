package upgrade

// HungIn is HungThread for a task directory.
var HungIn = hungIn
