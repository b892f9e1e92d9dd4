/** Files that survive a crash: whole or not at all, and on the disk once a call returns. Depends on nothing. */
@NullMarked
package dev.lockstep.files;

import org.jspecify.annotations.NullMarked;
