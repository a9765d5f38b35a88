# shellcheck shell=bash
# Sourced after debian.sh and recipe.sh: a libcrypto that has no source of seeds but EGD, as on a
# system without a kernel generator. Sets $openssl to its directory, $openssl_version.

unpacked openssl
openssl_tree=$dir openssl_version=$version
options=$(configured openssl) || exit 1
# What is left out only makes the build shorter; RAND needs none of it.
compile openssl "
	'$openssl_tree'/Configure $options no-tests no-shared no-dso no-engine \
		no-legacy no-dtls no-ct no-cms no-ts no-srp no-psk no-ocsp no-cmp no-camellia no-seed no-idea no-aria no-sm2 no-sm3 no-sm4 \
		no-cast no-bf no-rc2 no-rc4 no-md4 no-mdc2 no-whirlpool no-gost no-siphash no-blake2 no-scrypt
	make -s build_generated
	make -s -j2 libcrypto.a"
openssl=$dir
