/**
 * Who signed this, and may they: certificates of the group read, signatures made and checked (rule
 * K5), with nothing but the JDK. Certificates are made by {@code io.backstay.pki}.
 */
package io.backstay.authority;
