package idp

// oktaUser decodes a user, or the user of an app, which has the name that Okta
// pushes. Okta pushes its user ID as externalId.
func oktaUser(text []byte) (User, []string) {
	var o struct {
		ID          string `json:"id"`
		ExternalID  string `json:"externalId"` // of an app's user: the ID in the tenant
		Status      string `json:"status"`
		Credentials *struct {
			UserName string `json:"userName"`
		} `json:"credentials"`
		Scope   string `json:"scope"` // of an app's user: USER or GROUP
		Profile struct {
			Login       string `json:"login"`
			Email       string `json:"email"`
			DisplayName string `json:"displayName"`
		} `json:"profile"`
	}
	if problems := decode(text, &o); problems != nil {
		return User{}, problems
	}
	u := User{Key: o.ID, ExternalID: o.ID, UserName: o.Profile.Login, DisplayName: o.Profile.DisplayName}
	if o.Scope != "" && o.Credentials != nil {
		u.UserName, u.ID = o.Credentials.UserName, o.ExternalID
	}
	if o.Profile.Email != "" {
		u.Emails = []string{o.Profile.Email}
	}
	var problems []string
	switch o.Status {
	case "DEPROVISIONED", "SUSPENDED", "INACTIVE":
		u.Inactive = true
	case "":
		problems = append(problems, "has no status")
	}
	if u.UserName == "" {
		problems = append(problems, "has neither profile.login nor credentials.userName")
	}
	return u, problems
}

// oktaGroup decodes a group. Okta pushes its name alone.
func oktaGroup(text []byte) (Group, []string) {
	var o struct {
		ID      string `json:"id"`
		Profile struct {
			Name string `json:"name"`
		} `json:"profile"`
	}
	if problems := decode(text, &o); problems != nil {
		return Group{}, problems
	}
	if o.Profile.Name == "" {
		return Group{}, []string{"has no profile.name"}
	}
	return Group{Key: o.ID, DisplayName: o.Profile.Name}, nil
}

// oktaMember decodes a member of the group that the file is named after.
func oktaMember(w *row) ([]Membership, []string) {
	var o struct {
		ID string `json:"id"`
	}
	problems := decode(w.text, &o)
	return []Membership{{Group: w.group, User: o.ID}}, problems
}
