/**
 * What travels between two machines: the frame and its checksums, the messages, the commands and
 * their replies, and {@link io.backstay.wire.Servers}, through which the control plane asks servers
 * to act.
 */
package io.backstay.wire;
