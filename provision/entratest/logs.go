package entratest

// logRing keeps the newest rows of the provisioning log.
type logRing struct{ rows []object }
