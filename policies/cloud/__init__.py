"""Resources of the clouds: documents, firewalls, tags, stores, and what each type must say."""
