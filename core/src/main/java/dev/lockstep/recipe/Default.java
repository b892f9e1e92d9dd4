package dev.lockstep.recipe;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What a key is when it is left out. A key without a default is required. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
    /** The YAML text of the value. */
    String value();

    /**
     * Whether resolved recipes write the key when it has this value. Keys that were added after recipes were published
     * are left out, so that those keep their text and its SHA-256.
     */
    boolean written() default true;

    /** Other defaults, where another key of the group has certain values. */
    Where[] where() default {};

    /** Another default, where a text key of the same group has one of some values. */
    @interface Where {
        String key();

        String[] is();

        String value();
    }
}
