#!/bin/sh
# Kubernetes' schemas and a program that holds manifests to them, from Python's registry, into the folder given.
set -eu
python3 -m venv "$1/venv"
"$1/venv/bin/pip" install -q 'kubernetes-validate==1.37.0'
cat > "$1/kubernetes-validate" << END
#!/bin/sh
exec '$1/venv/bin/python' '$1/venv/bin/kubernetes-validate' "\$@"
END
chmod +x "$1/kubernetes-validate"
