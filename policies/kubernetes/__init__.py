"""Facts of Kubernetes that rules of several groups ask: amounts, selectors, grants, images, charts."""
