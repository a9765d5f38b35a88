package process

// OpenFirst is here for tests: a system without /dev/null is hard to come by.
var OpenFirst = openFirst
