/**
 * The group on this machine (rule K8): its directory, its ports, the processes that serve it and
 * the supervisor that keeps them alive.
 */
package io.backstay.group;
