# A durable function as a container image, on Lambda's OS-only base image. `make layer` comes first: it stages what is
# copied here. Nothing is downloaded but the base image.
#
#   docker build --tag order .
#
ARG BASE_IMAGE=public.ecr.aws/lambda/provided:al2023

# The engine and its interpreter, laid out as in the layer. The starter is where the base image's entry point looks, and
# where Lambda itself does when the image is published as a runtime of its own.
FROM ${BASE_IMAGE} AS perdure
COPY layer/starter /var/runtime/bootstrap
COPY dist/layer/ /opt/
# A layer built around the Python at hand runs in tests, not on Lambda: TEST_ONLY=allowed takes one.
ARG TEST_ONLY=refused
RUN test ! -e /opt/perdure/TEST-ONLY || test "$TEST_ONLY" = allowed || { cat /opt/perdure/TEST-ONLY >&2; exit 1; }

# The function; its handler is the image's command.
FROM perdure
COPY examples/order/*.py /var/task/
CMD ["order.checkout"]
