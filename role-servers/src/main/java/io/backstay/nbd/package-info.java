/**
 * Volumes as block devices for any NBD client: negotiation, requests and answers on Netty's event
 * loops. What a volume does with them is behind {@link io.backstay.nbd.Export}.
 */
package io.backstay.nbd;
