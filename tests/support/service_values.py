"""What the service's model allows in a call, as Hypothesis strategies."""

from hypothesis import strategies as st

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:my-fn_1:$LATEST/durable-execution/order-7_x/5f0c0b9e-1"

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
names = st.text(st.sampled_from("abcXYZ019-_"), min_size=1, max_size=64)
versions = st.one_of(st.just("$LATEST"), st.just("$LATEST.PUBLISHED"), st.integers(1, 10**9).map(str))
arns = st.builds(
    "arn:{}:lambda:{}:{}:function:{}:{}/durable-execution/{}/{}".format,
    st.sampled_from(["aws", "aws-cn", "aws-us-gov"]),
    st.sampled_from(["eu-west-1", "cn-north-1", "us-gov-west-1"]),
    st.integers(0, 10**12 - 1).map("{:012}".format),
    names,
    versions,
    names,
    names,
)
tokens = st.text(st.sampled_from("ABCxyz019+/"), min_size=1, max_size=200).map(lambda text: f"{text}==")
client_tokens = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)
markers = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)
