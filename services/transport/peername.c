/* SPDX-License-Identifier: MIT */
#include "peername.h"

#include <openssl/x509v3.h>

#include "sip/hop.h"
#include "sip/uri.h"

static struct slice text_of(const ASN1_STRING *s)
{
	return slice_of((const char *)ASN1_STRING_get0_data(s), (uint32_t)ASN1_STRING_length(s));
}

/* A sip URI names a domain only when it has no user part. */
static bool uri_is(struct slice text, struct slice name)
{
	struct sip_uri uri;

	return sip_uri_parse(&uri, text) == 0 && uri.scheme == SIP_SCHEME_SIP && !slice_present(uri.user) &&
	       slice_eq_nocase(uri.host, name);
}

static bool alternative_is(const GENERAL_NAME *n, struct slice name)
{
	if (n->type == GEN_URI)
		return uri_is(text_of(n->d.uniformResourceIdentifier), name);
	return n->type == GEN_DNS && slice_eq_nocase(text_of(n->d.dNSName), name);
}

static bool common_name_is(X509 *certificate, struct slice name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	return at >= 0 && slice_eq_nocase(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))), name);
}

static bool address_is(X509 *certificate, const struct sip_hop *ip)
{
	return X509_check_ip(certificate, ip->ip, ip->family == 4 ? 4 : 16, 0) == 1;
}

bool peername_is(X509 *certificate, struct slice name)
{
	GENERAL_NAMES *names;
	struct sip_hop ip;
	bool found = false;

	if (name.n == 0)
		return false;
	if (sip_hop_ip(&ip, name, SIP_TLS, 0) == 0)
		return address_is(certificate, &ip);
	names = X509_get_ext_d2i(certificate, NID_subject_alt_name, 0, 0);
	if (!names)
		return common_name_is(certificate, name);
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++)
		found = alternative_is(sk_GENERAL_NAME_value(names, i), name);
	GENERAL_NAMES_free(names);
	return found;
}
