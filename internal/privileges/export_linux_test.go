package privileges

// ReadThreads is here for tests: a thread that differs cannot be made at will.
var ReadThreads = readThreads
