// The Kubernetes provider as a program of ours. Upstream's own main embeds a generated schema that is not part of the
// Go module, so it cannot be built from there; the schema serves code generation only and the engine asks for none.
package main

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

const name = "kubernetes"

func main() {
	schema := fmt.Sprintf(`{"name": %q, "version": %q}`, name, version.Version)
	terraformMapping := []byte("{}")
	provider.Serve(name, version.Version, []byte(schema), terraformMapping)
}
