#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What is done in the machine, all of which runs over this library. The results come back as files.

cd /tmp || exit 1
status=0
failed() {
	echo "FAILED: $*"
	status=1
}

# A supplicant that runs has loaded it, whatever the loader would say now.
busybox grep -o '/.*libteec.*' "/proc/$(busybox pidof tee-supplicant)/maps" | sort -u >supplicant

# The loader's own answer to what each finds, and what it lacks.
for file in /opt/dependents/*/*; do
	echo "file: $file"
	LD_TRACE_LOADED_OBJECTS=1 LD_WARN=1 LD_BIND_NOW=1 /lib/ld-linux-aarch64.so.1 "$file" 2>&1
done >loader

for program in /opt/drop-in/libseteec /opt/drop-in/libasteec; do
	[ -e "$program" ] || continue
	"$program" >>over-ours || failed "$program"
	LD_LIBRARY_PATH='' "$program" >>over-debian || failed "$program, over Debian's library"
done

# Debian's program says by a trace function that there is no such device.
provoke() {
	tee-supplicant no-such-device && failed no-such-device
	/opt/drop-in/libteec || failed libteec
}
provoke >silent 2>&1
TEEC_TRACE_LEVEL=3
export TEEC_TRACE_LEVEL
provoke 2>trace
unset TEEC_TRACE_LEVEL

token() {
	pkcs11-tool --module /usr/lib/aarch64-linux-gnu/libckteec.so.0 "$@" ||
		failed "pkcs11-tool $*"
}
printf 'To be signed.' >message
token --init-token --slot-index 0 --label drop-in --so-pin 12345678
token --token-label drop-in --login --login-type so --so-pin 12345678 --init-pin --pin 87654321
set -- --token-label drop-in --login --pin 87654321
token "$@" --keypairgen --key-type EC:prime256v1 --id 01 --label key
token "$@" --read-object --type pubkey --id 01 --output-file public.der
token "$@" --sign --id 01 --mechanism ECDSA-SHA256 --signature-format openssl \
	--input-file message --output-file signature
token "$@" --verify --id 01 --mechanism ECDSA-SHA256 --signature-format openssl \
	--input-file message --signature-file signature
exit $status
