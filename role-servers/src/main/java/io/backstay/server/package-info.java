/**
 * What every role has in common: its configuration, the way of a connection from accept to reply,
 * and the ledger of operations that survives the process.
 */
package io.backstay.server;
