#!/bin/sh
# ClickHouse's engine as a Python library, and the door that serves it over HTTP, into the folder given.
set -eu
python3 -m venv "$1/venv"
"$1/venv/bin/pip" install -q 'chdb==4.4.0'
cp door.py "$1/door.py"
cat > "$1/chdb" << END
#!/bin/sh
exec '$1/venv/bin/python' '$1/door.py' "\$@"
END
chmod +x "$1/chdb"
