package entra

// Cloud is a deployment of Microsoft's cloud. A token of one doesn't work in
// another. The zero value is the global one.
//
// See https://learn.microsoft.com/graph/deployments.
type Cloud string

// The clouds. Microsoft's pages don't list China for some of the calls.
const (
	CloudGlobal   Cloud = ""           // graph.microsoft.com, also GCC
	CloudUSGov    Cloud = "us-gov"     // graph.microsoft.us: GCC High, L4
	CloudUSGovDoD Cloud = "us-gov-dod" // dod-graph.microsoft.us: L5
	CloudChina    Cloud = "china"      // microsoftgraph.chinacloudapi.cn
)

// place is where a cloud is reached, and the template of a non-gallery application
// there: https://learn.microsoft.com/graph/api/applicationtemplate-instantiate.
type place struct {
	graph, login, portal, template string
}

// places returns the place of a cloud, and whether there is such a cloud.
func places(c Cloud) (place, bool) {
	switch c {
	case CloudGlobal:
		return place{"https://graph.microsoft.com", "https://login.microsoftonline.com", "https://entra.microsoft.com", "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"}, true
	case CloudUSGov:
		return place{"https://graph.microsoft.us", "https://login.microsoftonline.us", "https://entra.microsoft.us", "4602d0b4-76bb-404b-bca9-2652e1a39c6d"}, true
	case CloudUSGovDoD:
		return place{"https://dod-graph.microsoft.us", "https://login.microsoftonline.us", "https://entra.microsoft.us", "4602d0b4-76bb-404b-bca9-2652e1a39c6d"}, true
	case CloudChina:
		return place{"https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn", "https://entra.microsoftonline.cn", "5a532e38-1581-4918-9658-008dc27c1d68"}, true
	}
	return place{}, false
}
