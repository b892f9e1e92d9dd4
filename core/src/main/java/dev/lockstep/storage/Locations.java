package dev.lockstep.storage;

import dev.lockstep.errors.LockstepException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns text into a path: a path of this machine, or a URI. {@code s3://bucket/run} is never a folder named {@code s3:}.
 */
public final class Locations {
    /** A scheme has two characters at least, and a slash follows its colon: {@code a:b} is a file name. */
    private static final Pattern URI_WITH_SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]+):(/.*)", Pattern.DOTALL);

    private Locations() {}

    /**
     * The path that a text names.
     *
     * @throws LockstepException of kind RECIPE when the text is empty, is no path, or is a URI that no module on the class path can open
     */
    public static Path path(String text) {
        if (text.isEmpty()) {
            // Java takes it for the current folder; it usually comes from an unset variable and means something else.
            throw LockstepException.recipe("the path is empty", "", "give a file or a folder");
        }
        Matcher uri = URI_WITH_SCHEME.matcher(text);
        if (!uri.matches()) {
            return local(text);
        }
        String scheme = uri.group(1).toLowerCase(Locale.ROOT);
        if (scheme.equals("file")) {
            return ofFileUri(text);
        }
        return Stores.path(scheme, uri.group(2), text);
    }

    private static Path local(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw LockstepException.recipe("not a path: " + e.getReason(), "path = " + text, "give a file or a folder");
        }
    }

    private static Path ofFileUri(String text) {
        try {
            return Path.of(new URI(text));
        } catch (URISyntaxException | IllegalArgumentException e) {
            throw LockstepException.recipe(
                    "not a file URI: " + e.getMessage(),
                    "path = " + text,
                    "write file:///folder/name with %20 for a blank, or give the plain path");
        }
    }
}
