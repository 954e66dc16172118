/**
 * What a server knows of one volume and what it is doing to it: durable metadata, the ledger of
 * operations (rule K3), the state table, and the running of operations over restarts. The same for
 * storage and archive.
 */
package io.backstay.volume;
