package dev.lockstep.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Properties;

/** The styles and scripts of all pages. */
public final class Assets {
    private static final String UPLOT_PROPERTIES = "/META-INF/maven/org.webjars.npm/uplot/pom.properties";

    /** Two curves that part: the icon of the browser's tab. */
    public static final String ICON = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\">"
            + "<rect width=\"32\" height=\"32\" rx=\"7\" fill=\"#0072b2\"/>"
            + "<path d=\"M5 8c4 12 9 14 22 15\" fill=\"none\" stroke=\"#fff\" stroke-width=\"3\" stroke-linecap=\"round\"/>"
            + "<path d=\"M5 8c6 5 10 6 22 7\" fill=\"none\" stroke=\"#ffc277\" stroke-width=\"3\" stroke-linecap=\"round\"/>"
            + "</svg>";

    private Assets() {}

    public static String style() {
        return uplot("uPlot.min.css") + text("/dev/lockstep/report/page.css");
    }

    /** The library that draws curves. */
    public static String plots() {
        return uplot("uPlot.iife.min.js");
    }

    /** Our own script, a module. */
    public static String script() {
        return text("/dev/lockstep/report/figures.js") + text("/dev/lockstep/report/page.js");
    }

    /** Allows exactly this text in a content security policy. */
    static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static String uplot(String name) {
        Properties properties = new Properties();
        try (InputStream in = open(UPLOT_PROPERTIES)) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text("/META-INF/resources/webjars/uplot/" + properties.getProperty("version") + "/dist/" + name);
    }

    private static String text(String path) {
        try (InputStream in = open(path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream open(String path) {
        InputStream in = Assets.class.getResourceAsStream(path);
        if (in == null) {
            throw new IllegalStateException("missing resource " + path);
        }
        return in;
    }
}
