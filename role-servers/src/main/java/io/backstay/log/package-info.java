/**
 * The volume of kind logged: write log, tail, checkpoint, redo (rules L1 to L7). Begin at {@link
 * io.backstay.log.LoggedVolume}.
 */
package io.backstay.log;
