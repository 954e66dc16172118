/**
 * Makes the certificates of a group (rule K5): a private CA, one certificate per server, and the
 * signing certificates of catalog and operator. What they say is read by {@link
 * io.backstay.authority}.
 */
package io.backstay.pki;
