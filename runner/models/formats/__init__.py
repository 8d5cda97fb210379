"""Wire formats: how a conversation becomes a request, and a stream of events a reply."""
