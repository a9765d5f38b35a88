/*
 * An OpenSSL 3 provider whose random bytes come from an EGD socket, by libegd. It offers
 * two algorithms to openssl.cnf's section of "random": EGD-SEED-SRC, from which OpenSSL's
 * own generators are seeded, and EGD, which takes their place.
 *
 * It uses nothing of libcrypto but what libcrypto hands to it, so that one module suits
 * every OpenSSL 3. provider-rand(7) describes the functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egd.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

enum {
	STRENGTH = 256,        /* bits, of prngd's Hash_DRBG with SHA-256 */
	MAX_REQUEST = 1 << 16, /* bytes; SP 800-90A's limit of one request to a DRBG */
	NO_BYTES = 1           /* the one reason for an error of ours */
};

struct provider {
	const OSSL_CORE_HANDLE *core;
	OSSL_FUNC_core_get_params_fn *get_params;
	OSSL_FUNC_core_new_error_fn *new_error;
	OSSL_FUNC_core_set_error_debug_fn *set_error_debug;
	OSSL_FUNC_core_vset_error_fn *vset_error;
	const char *address; /* belongs to the core's configuration */
	const char *wrong;   /* with the configuration; then there is no egd */
	egd *egd;
};

struct generator {
	struct provider *provider;
	int state;
};

/* ---- errors and parameters ---- */

static void report(const struct provider *p, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	p->new_error(p->core);
	p->set_error_debug(p->core, __FILE__, __LINE__, "egd");
	p->vset_error(p->core, NO_BYTES, format, arguments);
	va_end(arguments);
}

static int set_number(OSSL_PARAM *p, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	p->return_size = p->data_size;
	if (p->data_size == sizeof value)
		memcpy(p->data, &value, sizeof value);
	else if (p->data_size == sizeof narrow)
		memcpy(p->data, &narrow, sizeof narrow);
	else
		return 0;
	return 1;
}

static int set_text(OSSL_PARAM *p, const char *text)
{
	if (p->data_type != OSSL_PARAM_UTF8_PTR)
		return 0;
	*(const char **)p->data = text;
	p->return_size = strlen(text);
	return 1;
}

/* ---- a generator ---- */

static void *generator_new(void *provider, void *parent, const OSSL_DISPATCH *parent_functions)
{
	struct generator *g = calloc(1, sizeof *g);

	(void)parent; /* the daemon has sources of its own */
	(void)parent_functions;
	if (g != NULL) {
		g->provider = provider;
		g->state = EVP_RAND_STATE_UNINITIALISED;
	}
	return g;
}

static void generator_free(void *generator) { free(generator); }

/* It succeeds without the daemon: where a seed source cannot be made, OpenSSL would quietly use another. */
static int instantiate(void *generator, unsigned strength, int resistance, const unsigned char *text, size_t n,
		       const OSSL_PARAM params[])
{
	struct generator *g = generator;

	(void)resistance;
	(void)text;
	(void)n;
	(void)params;
	if (strength > STRENGTH)
		return 0;
	g->state = EVP_RAND_STATE_READY;
	return 1;
}

static int uninstantiate(void *generator)
{
	((struct generator *)generator)->state = EVP_RAND_STATE_UNINITIALISED;
	return 1;
}

static int generate(void *generator, unsigned char *out, size_t n, unsigned strength, int resistance,
		    const unsigned char *text, size_t text_n)
{
	const struct generator *g = generator;
	int error;

	(void)resistance;
	(void)text;
	(void)text_n;
	if (g->state != EVP_RAND_STATE_READY || strength > STRENGTH)
		return 0;
	if (g->provider->wrong != NULL) {
		report(g->provider, "%s", g->provider->wrong);
		return 0;
	}
	error = egd_read(g->provider->egd, out, n);
	if (error != 0)
		report(g->provider, "%s: %s", g->provider->address, egd_strerror(error));
	return error == 0;
}

/* What a program adds does no harm to leave out: the daemon mixes for all of them. */
static int reseed(void *generator, int resistance, const unsigned char *entropy, size_t n, const unsigned char *text,
		  size_t text_n)
{
	(void)resistance;
	(void)entropy;
	(void)n;
	(void)text;
	(void)text_n;
	return ((struct generator *)generator)->state == EVP_RAND_STATE_READY;
}

static void clear_seed(void *generator, unsigned char *seed, size_t n)
{
	volatile unsigned char *p = seed;

	(void)generator;
	while (n-- > 0)
		*p++ = 0;
	free(seed);
}

static size_t get_seed(void *generator, unsigned char **seed, int entropy, size_t least, size_t most, int resistance,
		       const unsigned char *text, size_t text_n)
{
	size_t n = entropy > 0 ? ((size_t)entropy + 7) / 8 : 0;

	if (n < least)
		n = least;
	if (n == 0 || n > most || (*seed = malloc(n)) == NULL)
		return 0;
	if (generate(generator, *seed, n, 0, resistance, text, text_n))
		return n;
	clear_seed(generator, *seed, n);
	*seed = NULL;
	return 0;
}

static int zeroized(void *generator)
{
	(void)generator;
	return 1; /* it keeps no bytes */
}

/* libegd does the locking. */
static int lock(void *generator)
{
	(void)generator;
	return 1;
}
static void unlock(void *generator) { (void)generator; }

static int get_state(void *generator, OSSL_PARAM params[])
{
	const struct generator *g = generator;
	int ok = 1;

	for (OSSL_PARAM *p = params; ok && p != NULL && p->key != NULL; p++) {
		if (strcmp(p->key, OSSL_RAND_PARAM_STATE) == 0)
			ok = set_number(p, (uint64_t)g->state);
		else if (strcmp(p->key, OSSL_RAND_PARAM_STRENGTH) == 0)
			ok = set_number(p, STRENGTH);
		else if (strcmp(p->key, OSSL_RAND_PARAM_MAX_REQUEST) == 0)
			ok = set_number(p, MAX_REQUEST);
	}
	return ok;
}

static const OSSL_PARAM *gettable_state(void *generator, void *provider)
{
	static const OSSL_PARAM list[] = {
		{OSSL_RAND_PARAM_STATE, OSSL_PARAM_INTEGER, NULL, sizeof(int), OSSL_PARAM_UNMODIFIED},
		{OSSL_RAND_PARAM_STRENGTH, OSSL_PARAM_UNSIGNED_INTEGER, NULL, sizeof(unsigned), OSSL_PARAM_UNMODIFIED},
		{OSSL_RAND_PARAM_MAX_REQUEST, OSSL_PARAM_UNSIGNED_INTEGER, NULL, sizeof(size_t), OSSL_PARAM_UNMODIFIED},
		{NULL, 0, NULL, 0, 0},
	};

	(void)generator;
	(void)provider;
	return list;
}

#define FUNCTION(number, function) {number, (void (*)(void))(function)}

static const OSSL_DISPATCH generator_functions[] = {
	FUNCTION(OSSL_FUNC_RAND_NEWCTX, generator_new),
	FUNCTION(OSSL_FUNC_RAND_FREECTX, generator_free),
	FUNCTION(OSSL_FUNC_RAND_INSTANTIATE, instantiate),
	FUNCTION(OSSL_FUNC_RAND_UNINSTANTIATE, uninstantiate),
	FUNCTION(OSSL_FUNC_RAND_GENERATE, generate),
	FUNCTION(OSSL_FUNC_RAND_RESEED, reseed),
	FUNCTION(OSSL_FUNC_RAND_ENABLE_LOCKING, lock),
	FUNCTION(OSSL_FUNC_RAND_LOCK, lock),
	FUNCTION(OSSL_FUNC_RAND_UNLOCK, unlock),
	FUNCTION(OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, gettable_state),
	FUNCTION(OSSL_FUNC_RAND_GET_CTX_PARAMS, get_state),
	FUNCTION(OSSL_FUNC_RAND_VERIFY_ZEROIZATION, zeroized),
	FUNCTION(OSSL_FUNC_RAND_GET_SEED, get_seed),
	FUNCTION(OSSL_FUNC_RAND_CLEAR_SEED, clear_seed),
	{0, NULL},
};

/* ---- the provider ---- */

static const OSSL_ALGORITHM algorithms[] = {
	{"EGD-SEED-SRC", "provider=egd", generator_functions, "seeds from an EGD socket"},
	{"EGD", "provider=egd", generator_functions, "random bytes from an EGD socket"},
	{NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	return operation == OSSL_OP_RAND ? algorithms : NULL;
}

static const OSSL_ITEM *reasons(void *provider)
{
	static const OSSL_ITEM list[] = {{NO_BYTES, (void *)"no random bytes from the EGD socket"}, {0, NULL}};

	(void)provider;
	return list;
}

static int get_params(void *provider, OSSL_PARAM params[])
{
	int ok = 1;

	(void)provider;
	for (OSSL_PARAM *p = params; ok && p != NULL && p->key != NULL; p++) {
		if (strcmp(p->key, OSSL_PROV_PARAM_NAME) == 0)
			ok = set_text(p, "random bytes from an EGD socket");
		else if (strcmp(p->key, OSSL_PROV_PARAM_VERSION) == 0)
			ok = set_text(p, EGD_VERSION);
		else if (strcmp(p->key, OSSL_PROV_PARAM_STATUS) == 0)
			ok = set_number(p, 1);
	}
	return ok;
}

static const OSSL_PARAM *gettable_params(void *provider)
{
	static const OSSL_PARAM list[] = {
		{OSSL_PROV_PARAM_NAME, OSSL_PARAM_UTF8_PTR, NULL, 0, OSSL_PARAM_UNMODIFIED},
		{OSSL_PROV_PARAM_VERSION, OSSL_PARAM_UTF8_PTR, NULL, 0, OSSL_PARAM_UNMODIFIED},
		{OSSL_PROV_PARAM_STATUS, OSSL_PARAM_INTEGER, NULL, sizeof(int), OSSL_PARAM_UNMODIFIED},
		{NULL, 0, NULL, 0, 0},
	};

	(void)provider;
	return list;
}

static void tear_down(void *provider)
{
	struct provider *p = provider;

	egd_free(p->egd);
	free(p);
}

static const OSSL_DISPATCH provider_functions[] = {
	FUNCTION(OSSL_FUNC_PROVIDER_TEARDOWN, tear_down),
	FUNCTION(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, gettable_params),
	FUNCTION(OSSL_FUNC_PROVIDER_GET_PARAMS, get_params),
	FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
	FUNCTION(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, reasons),
	{0, NULL},
};

static void take_upcalls(struct provider *p, const OSSL_DISPATCH *in)
{
	for (; in->function_id != 0; in++) {
		switch (in->function_id) {
		case OSSL_FUNC_CORE_GET_PARAMS: p->get_params = OSSL_FUNC_core_get_params(in); break;
		case OSSL_FUNC_CORE_NEW_ERROR: p->new_error = OSSL_FUNC_core_new_error(in); break;
		case OSSL_FUNC_CORE_SET_ERROR_DEBUG: p->set_error_debug = OSSL_FUNC_core_set_error_debug(in); break;
		case OSSL_FUNC_CORE_VSET_ERROR: p->vset_error = OSSL_FUNC_core_vset_error(in); break;
		default: break;
		}
	}
}

/* number takes a limit in milliseconds; whatever is none is refused with 0. */
static unsigned number(const char *text)
{
	char *rest;
	unsigned long n = strtoul(text, &rest, 10);

	return text[0] < '1' || text[0] > '9' || *rest != '\0' || n > 3600000 ? 0 : (unsigned)n;
}

/* configure reads address and limit of the provider's section in openssl.cnf. What is wrong there is said when
 * bytes are asked for: of a provider that cannot be loaded, OpenSSL says nothing, and does without it. */
static void configure(struct provider *p)
{
	char *address = NULL, *limit = NULL;
	OSSL_PARAM wanted[] = {
		{"address", OSSL_PARAM_UTF8_PTR, &address, 0, OSSL_PARAM_UNMODIFIED},
		{"limit", OSSL_PARAM_UTF8_PTR, &limit, 0, OSSL_PARAM_UNMODIFIED},
		{NULL, 0, NULL, 0, 0},
	};
	unsigned milliseconds = EGD_LIMIT;

	p->get_params(p->core, wanted);
	p->address = address == NULL ? EGD_ADDRESS : address;
	if (limit != NULL && (milliseconds = number(limit)) == 0)
		p->wrong = "limit in openssl.cnf: expected milliseconds, 1 to 3600000";
	else if ((p->egd = egd_new(p->address, milliseconds)) == NULL)
		p->wrong = "address in openssl.cnf: expected a path of at most 107 bytes, or tcp/HOST:PORT with a numeric host";
}

__attribute__((visibility("default"))) OSSL_provider_init_fn OSSL_provider_init;

int OSSL_provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **provider)
{
	struct provider *p = calloc(1, sizeof *p);

	if (p == NULL)
		return 0;
	p->core = core;
	take_upcalls(p, in);
	if (p->get_params == NULL || p->new_error == NULL || p->set_error_debug == NULL || p->vset_error == NULL) {
		free(p);
		return 0;
	}
	configure(p);
	*out = provider_functions;
	*provider = p;
	return 1;
}
