module x8s.dev/lab/snapshotter

go 1.26

// For its custom resource definitions: nothing of it is built.
require github.com/kubernetes-csi/external-snapshotter/client/v8 v8.7.0
