/**
 * Reports as one self-contained HTML page, and their plots as SVG, PNG and CSV. Everything is drawn from the files of a run or a
 * study. Depends on {@code recipe}, {@code schedule}, {@code plan}, {@code report} and {@code study}.
 */
@NullMarked
package dev.lockstep.report;

import org.jspecify.annotations.NullMarked;
