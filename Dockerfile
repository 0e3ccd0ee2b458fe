# A durable function as a container image, on Lambda's OS-only base image. `make layer` comes first: it stages what is
# copied here. Nothing is downloaded but the base image.
#
#   docker build --tag order .
#   docker build --tag order --platform linux/arm64 --build-arg ARCHITECTURE=arm64 --build-arg PYTHON_VERSION=3.14 .
#
ARG BASE_IMAGE=public.ecr.aws/lambda/provided:al2023

# Is the layer in dist/layer/ the one that is meant? Only what passes here goes on to the image.
FROM ${BASE_IMAGE} AS checked
COPY dist/layer/ /opt/
# Left empty, whatever the layer was built for will do.
ARG PYTHON_VERSION=
ARG ARCHITECTURE=
# A layer built around the Python at hand runs in tests, not on Lambda: TEST_ONLY=allowed takes one.
ARG TEST_ONLY=refused
RUN holds() { case "$(cat /opt/perdure/layer.json)" in *"$1"*) ;; *) echo "dist/layer/ does not hold $1" >&2; exit 1 ;; esac; }; \
    if [ -n "$PYTHON_VERSION" ]; then holds "\"python\": \"$PYTHON_VERSION\""; fi; \
    if [ -n "$ARCHITECTURE" ]; then holds "\"$ARCHITECTURE\""; fi; \
    test ! -e /opt/perdure/TEST-ONLY || test "$TEST_ONLY" = allowed || { cat /opt/perdure/TEST-ONLY >&2; exit 1; }

# The engine and its interpreter, laid out as in the layer, and the starter in both places where one is looked for: the
# base image's entry script looks in /var/runtime, as Lambda does for a runtime of the customer's own; Lambda looks in
# /opt first. Any user may read all of it, and nothing is written anywhere.
FROM ${BASE_IMAGE} AS perdure
COPY --from=checked /opt/ /opt/
COPY layer/starter /var/runtime/bootstrap

# The function; its handler is the image's command.
FROM perdure
COPY examples/order/*.py /var/task/
CMD ["order.checkout"]
