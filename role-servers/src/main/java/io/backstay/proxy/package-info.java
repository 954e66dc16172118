/**
 * The proxy role: the log of a volume becomes diffs, which go to the volume's archives. Begin at
 * {@link io.backstay.proxy.ProxyService}.
 */
package io.backstay.proxy;
