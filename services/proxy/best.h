/* SPDX-License-Identifier: MIT */
/* best: which of several final responses a caller gets, RFC 3261 16.7 step 6. */
#ifndef PROXY_BEST_H
#define PROXY_BEST_H

/* Rank of a failure among failures; lower is better. One table; equal ranks: the first that came stays. */
int proxy_best_rank(int status);

#endif
