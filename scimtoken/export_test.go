package scimtoken

// Lock is the lock of a FileStore, for the process that holds it in a test.
var Lock = lock
